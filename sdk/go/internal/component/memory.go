//go:build wasip1

package component

import (
	"sync"
	"unsafe"

	"mpy6a/internal/heap"
)

// The host writes strings and lists straight into this module's memory, into blocks that it asks of cabi_realloc: those of
// the records before it calls handle, and those of an answer in the middle of an import.
//
// These blocks are not Go's. An allocation of Go may read the clock, to collect garbage or to give memory back, and that is
// an import; a component that calls an import from its allocator is ended by the host. So the blocks lie side by side in a
// stretch of memory of their own, the landing strip, from where answers are copied into Go values, and which then serves
// the next answer. The records stay where they landed: they live as long as the run.

// strip is what is left of the landing strip, and strip.start where the next answer lands.
var strip struct{ start, next, end uintptr }

// landing makes calls that bring memory wait for each other, should a handler have several goroutines.
var landing sync.Mutex

// stripBytesMin is the least by which the strip grows: answers are mostly short, and this is the least that memory grows by.
const stripBytesMin = 64 << 10

// cabiRealloc is the allocator that the host uses, as the component model's canonical ABI has it. It must not be preempted,
// grow its stack or call anything that might: the line nosplit is what makes it safe.
//
//go:wasmexport cabi_realloc
//go:nosplit
func cabiRealloc(old, oldSize, align, size uint32) uint32 {
	at := alignUp(strip.next, uintptr(align))
	if at+uintptr(size) > strip.end {
		start, end := heap.Grow(max(uintptr(size)+uintptr(align), stripBytesMin))
		if end == 0 {
			Trap()
		}
		if start != strip.end {
			// Go has grown the memory in between, so the strip begins anew behind that.
			strip.start = start
			at = alignUp(start, uintptr(align))
		}
		strip.end = end
	}
	strip.next = at + uintptr(size)
	for i := uint32(0); i < min(oldSize, size); i++ {
		*(*byte)(unsafe.Add(nil, at+uintptr(i))) = *(*byte)(unsafe.Add(nil, old+i))
	}
	return uint32(at)
}

//go:nosplit
func alignUp(at, align uintptr) uintptr { return (at + align - 1) &^ (align - 1) }

// receiving calls an import whose answer lands on the strip, and then take, which must copy what it wants to keep.
func receiving(call, take func()) {
	landing.Lock()
	defer landing.Unlock()
	strip.next = strip.start
	call()
	take()
}

// settle says that what landed so far stays: answers land behind it.
func settle() { strip.start = strip.next }
