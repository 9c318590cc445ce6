//go:build wasip1

package component

import (
	"runtime/debug"
	"sync"
	"unsafe"
)

// The host writes strings and lists straight into this module's memory, into blocks that it asks of cabi_realloc: those
// of the records before it calls handle, and those of an answer in the middle of an import. Two things must hold.
//
//   - A block must outlive the moments in which only the host knows of it: held refers to it until Go values do.
//   - The garbage collector must not start inside cabi_realloc. It reads the clock, which is an import, and a component
//     that calls an import from its allocator is ended by the host. So the collector is off from the start until
//     handle has taken its records, and again in every call that brings memory; see receiving.

// held are the blocks that the host has asked for and nobody has taken over yet.
var held [][]uint64

// receive makes calls that bring memory wait for each other, should a handler have several goroutines.
var receive sync.Mutex

// collectorOff and collectorOn are values for debug.SetGCPercent: none, and Go's default.
const (
	collectorOff = -1
	collectorOn  = 100
)

func init() { debug.SetGCPercent(collectorOff) }

// cabi_realloc is the allocator that the host uses, as the component model's canonical ABI wants it.
//
// Blocks are made of words of 8 bytes, the largest alignment that any type of the contract has.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, _, size uint32) unsafe.Pointer {
	block := make([]uint64, max(1, (uint64(size)+7)/8))
	held = append(held, block)
	start := unsafe.Pointer(unsafe.SliceData(block))
	if old != nil {
		copy(unsafe.Slice((*byte)(start), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return start
}

// receiving calls an import that brings memory, and then take, which makes Go values of it.
func receiving(call, take func()) {
	receive.Lock()
	defer receive.Unlock()
	// Returns when no collection is running.
	debug.SetGCPercent(collectorOff)
	call()
	take()
	taken()
}

// taken says that Go values refer to all that the host wrote, and lets the collector work.
func taken() {
	held = nil
	debug.SetGCPercent(collectorOn)
}
