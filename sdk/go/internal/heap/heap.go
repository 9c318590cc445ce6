//go:build wasip1

// Package heap keeps Go's memory apart from memory that others take off its end: the host's WASI adapter, and Grow.
//
// Go's runtime believes that it alone grows the memory, and that all up to the end is its own (runtime.sbrk in
// mem_wasm.go): what somebody else took, it would hand out as heap. So whoever grows the memory has to move Go's mark of
// what it has used, runtime.bloc, past that; the names of the runtime are reached with go:linkname.
//
// The adapter makes a component of a program that speaks WASI preview 1, as Go's do. It keeps its stack and its state, a page
// of 64 KiB each, in the program's memory, and takes the one before Go starts, the other when Go first asks for the time.
// Nobody can move the mark then. So the command mpy6a/cmd/build gives the module so much memory that Go does not get to
// these pages before packages are initialised, and the init function here moves the mark past them.
//
// Such names are not for programs, so the linker wants to be told -checklinkname=0, which mpy6a/cmd/build does. Should a
// version of Go rename them, linking fails: nothing breaks silently.
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

// growMemory is the instruction memory.grow: by so many pages, and the size before, or -1.
//
//go:linkname growMemory runtime.growMemory
func growMemory(pages int32) int32

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

// Grow takes at least so many bytes off the end of memory, and says where they begin and end. Go never touches them; they
// are zero, and never freed. Where there is no more memory both are 0.
//
// It may be called in the middle of an import: it uses next to no stack, and nothing of the runtime.
//
//go:nosplit
func Grow(bytes uintptr) (start, end uintptr) {
	before := growMemory(int32((bytes + pageBytes - 1) / pageBytes))
	if before < 0 {
		return 0, 0
	}
	start, end = uintptr(before)*pageBytes, uintptr(currentMemory())*pageBytes
	bloc, blocMax = end, end
	return start, end
}
