package mpy6a

import (
	"fmt"
	"runtime"
	"strings"

	"mpy6a/internal/wire"
)

// framesMax is how many lines of its stack a panic logs: enough to find the place, few enough to leave room in the log's
// tail of 4 KiB that the host keeps with the session.
const framesMax = 12

// handler is what was given to Handle.
var handler func(*Repeat) error

// Handle makes a function the handler of this program. Call it once, from an init function of package main:
//
//	func init() { mpy6a.Handle(handle) }
//
//	func main() {} // never called: the host calls handle
func Handle(handle func(*Repeat) error) {
	if handle == nil || handler != nil {
		panic("mpy6a.Handle: call it once, with a function")
	}
	handler = handle
}

// run is one call of the component's export.
func run(data *wire.Data, host wire.Host, trap func()) wire.Outcome {
	defer func() {
		if problem := recover(); problem != nil {
			logPanic(host, problem)
			trap()
		}
	}()
	if handler == nil {
		panic("no handler: call mpy6a.Handle from an init function of package main")
	}
	return outcome(handler(NewRepeat(data, host)))
}

func outcome(err error) wire.Outcome {
	if err == nil {
		return wire.Outcome{}
	}
	return wire.Outcome{Failed: true, Permanent: IsPermanent(err), Reason: err.Error()}
}

// logPanic writes what happened and where, one line for each frame, innermost first. It is called by a deferred function,
// so the panic's own frames are still there.
func logPanic(host wire.Host, problem any) {
	host.Log(wire.Error, fmt.Sprintf("panic: %v", problem))
	callers := make([]uintptr, framesMax+16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for logged, more, panicked := 0, true, false; more && logged < framesMax; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if strings.HasPrefix(frame.Function, "runtime.") {
			// The panic is in here; below it is the code that panicked.
			panicked = panicked || frame.Function == "runtime.gopanic"
			continue
		}
		if panicked {
			host.Log(wire.Error, fmt.Sprintf("  at %s, %s:%d", frame.Function, frame.File, frame.Line))
			logged++
		}
	}
}
