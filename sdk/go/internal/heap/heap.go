//go:build wasip1

// Package heap keeps Go's memory apart from that of the host's WASI adapter.
//
// Go for Wasm speaks WASI preview 1, of which the host makes a component with the adapter of wit-component. The adapter
// keeps its stack and its state, a page of 64 KiB each, in the handler's own memory: it takes them off the end with
// memory.grow, the one before Go starts, the other when Go first asks for the time. Go's runtime believes that it alone
// grows the memory, and that all up to the end is its own (runtime.sbrk in mem_wasm.go). So it would hand out the adapter's
// pages as heap, and each would overwrite the other.
//
// Two things prevent it. The command mpy6a/cmd/build gives the module so much memory that Go does not reach the adapter's
// pages before packages are initialised. And the init function here then moves Go's mark of what it has used, runtime.bloc,
// to the end of memory, past the adapter's pages: they stay what they are, with some untouched memory before them. From
// then on only Go grows the memory, and its belief is true.
//
// The names of the runtime are not for programs, so the linker wants to be told -checklinkname=0, which mpy6a/cmd/build
// does. Should a version of Go rename them, linking fails: nothing breaks silently.
package heap

import _ "unsafe" // for go:linkname

// bloc is the end of the memory that Go has used; blocMax is the end of what it has asked for.
//
//go:linkname bloc runtime.bloc
var bloc uintptr

//go:linkname blocMax runtime.blocMax
var blocMax uintptr

// currentMemory is the instruction memory.size, in pages.
//
//go:linkname currentMemory runtime.currentMemory
func currentMemory() int32

const (
	pageBytes    = 64 << 10
	adapterPages = 2
)

// Ready says that Go has not been on the adapter's pages. Where it is false, the handler was built without
// mpy6a/cmd/build, or the packages that were initialised before this one took more memory than that command makes room for.
var Ready bool

func init() {
	end := uintptr(currentMemory()) * pageBytes
	Ready = bloc <= end-adapterPages*pageBytes
	bloc, blocMax = end, end
}
