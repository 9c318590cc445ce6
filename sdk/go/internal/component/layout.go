//go:build wasip1

package component

import (
	"strings"
	"structs"
	"unsafe"

	"mpy6a/internal/wire"
)

// The records and variants of wit/handler.wit as they lie in memory, by the canonical ABI of the component model: fields
// in order, each aligned to its size; a variant is the number of its case, then its payload at the alignment of the
// largest one. An address has 32 bits, whereas a pointer in Go has 64.

// list is a list or a string: the address of its first item, and how many items, or bytes, there are.
type list struct {
	_       structs.HostLayout
	address uint32
	length  uint32
}

// option is an optional string.
type option struct {
	_    structs.HostLayout
	some bool
	text list
}

// pair is a tuple of two strings.
type pair struct {
	_           structs.HostLayout
	name, value list
}

type repeatData struct {
	_                                      structs.HostLayout
	records                                list
	session                                uint32
	kind                                   uint32
	kindName                               list
	repeat, maxRepeats                     uint32
	createdMS, storedMS, dueMS, deadlineMS uint64
	idempotencyKey                         list
	traceparent                            option
}

// outcome is result<_, failure>.
type outcome struct {
	_         structs.HostLayout
	failed    bool
	permanent uint32
	reason    list
}

// refusal is result<_, session-error>.
type refusal struct {
	_      structs.HostLayout
	failed bool
	code   uint64
	limit  uint64
}

// answer is result<response, http-error>: response and trouble lie in the same place.
type answer struct {
	_       structs.HostLayout
	failed  bool
	payload [3]uint64
}

type response struct {
	_       structs.HostLayout
	status  uint16
	headers list
	body    list
}

type trouble struct {
	_    structs.HostLayout
	code uint8
	// A string or a limit.
	payload uint64
}

// setting is result<option<string>, error>: value, or the error's case and its string.
type setting struct {
	_      structs.HostLayout
	failed bool
	value  option
}

// settings is result<list<tuple<string, string>>, error>.
type settings struct {
	_       structs.HostLayout
	failed  bool
	payload [3]uint32
}

// Sizes by the canonical ABI. A line that does not compile says that a struct above lies otherwise.
var (
	_ [88]byte = [unsafe.Sizeof(repeatData{})]byte{}
	_ [16]byte = [unsafe.Sizeof(outcome{})]byte{}
	_ [24]byte = [unsafe.Sizeof(refusal{})]byte{}
	_ [32]byte = [unsafe.Sizeof(answer{})]byte{}
	_ [20]byte = [unsafe.Sizeof(response{})]byte{}
	_ [16]byte = [unsafe.Sizeof(trouble{})]byte{}
	_ [16]byte = [unsafe.Sizeof(setting{})]byte{}
	_ [16]byte = [unsafe.Sizeof(settings{})]byte{}
)

// items is the list as a slice, where it landed.
func items[T any](list list) []T {
	if list.length == 0 {
		// The address of an empty list means nothing.
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Add(nil, list.address)), list.length)
}

// text is the list as a string, where it landed.
func text(list list) string {
	bytes := items[byte](list)
	return unsafe.String(unsafe.SliceData(bytes), len(bytes))
}

// copied is the list as a string of Go's own.
func copied(list list) string { return strings.Clone(text(list)) }

func copiedPairs(list list) []wire.Pair {
	all := make([]wire.Pair, 0, list.length)
	for _, pair := range items[pair](list) {
		all = append(all, wire.Pair{Name: copied(pair.name), Value: copied(pair.value)})
	}
	return all
}
