//go:build wasip1

// Package component is the handler as a Wasm component: its export handle, its imports, and the canonical ABI that both
// are called by. It speaks to the real host; on other targets than wasip1 it is empty.
//
// Parts: handle.go is the export; host.go and http.go are the imports as a wire.Host; imports.go declares them;
// layout.go says how values lie in memory; memory.go is the allocator for what the host writes.
//
// Invariants: what an answer brought is copied before the next one comes; nothing of Go's runtime runs while the host
// writes (memory.go); what the host reads is kept alive until the import returns.
package component

import (
	"runtime"
	"strings"

	"mpy6a/internal/heap"
	"mpy6a/internal/wire"
)

// Run is what the export calls; the package of the SDK sets it.
var Run func(*wire.Data, wire.Host) wire.Outcome

// ended is where the host reads the result after handle has returned.
var ended struct {
	outcome
	reason string
}

//go:wasmexport handle
func handle(data *repeatData) *outcome {
	got, session := data.wire(), host(data.session)
	settle()
	if !heap.Ready {
		session.Log(wire.Error, "the adapter's memory was overwritten: build the handler with `go run mpy6a/cmd/build`")
		Trap()
	}

	result := Run(got, session)
	ended.reason = strings.ToValidUTF8(result.Reason, "\uFFFD")
	ended.outcome = outcome{failed: result.Failed, permanent: number(result.Permanent), reason: address(ended.reason)}
	return &ended.outcome
}

func (d *repeatData) wire() *wire.Data {
	return &wire.Data{
		Records:        records(d.records),
		Kind:           d.kind,
		KindName:       text(d.kindName),
		Repeat:         d.repeat,
		MaxRepeats:     d.maxRepeats,
		CreatedMS:      d.createdMS,
		StoredMS:       d.storedMS,
		DueMS:          d.dueMS,
		DeadlineMS:     d.deadlineMS,
		IdempotencyKey: text(d.idempotencyKey),
		Traceparent:    d.traceparent.string(),
	}
}

func (o option) string() string {
	if !o.some {
		return ""
	}
	return text(o.text)
}

// records stay where they landed.
func records(all list) [][]byte {
	slices := make([][]byte, 0, all.length)
	for _, record := range items[list](all) {
		slices = append(slices, items[byte](record))
	}
	return slices
}

// Trap ends the run as a bug does: what was not yet committed is thrown away.
//
//go:nosplit
func Trap() {
	// On Wasm this is the instruction `unreachable`.
	runtime.Breakpoint()
}
