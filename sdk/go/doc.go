// Package mpy6a is for writing repeat handlers of mpy6a in Go.
//
// A service records in a session what it is about to do. When it fails half-way, the session stays, and mpy6a calls the
// repeat handler of that kind of work with everything recorded. The handler finishes the work or undoes it:
//
//	func init() { mpy6a.Handle(handle) }
//
//	func main() {}
//
//	func handle(r *mpy6a.Repeat) error {
//		var order struct{ Order uint64 }
//		if err := r.Record(0, &order); err != nil {
//			return err
//		}
//		shop, err := r.Setting("shop")
//		if err != nil {
//			return err
//		}
//		if _, err := r.Post(fmt.Sprintf("%s/orders/%d/cancel", shop, order.Order)).Step("cancel").SendOK(); err != nil {
//			return err
//		}
//		r.Infof("cancelled order %d", order.Order)
//		return r.Delete()
//	}
//
// # Parts
//
//   - [Handle] makes a function the component's export handle, as wit/handler.wit describes it.
//   - [Repeat] is what the function gets: the records, the session's operations, requests, settings and the log.
//   - [Retry] and [Permanent] say of an error whether a repeat can help. Most errors of this package know by themselves.
//   - Package mpy6atest runs a handler under go test, without a host.
//   - Package mpy6ahttp is an http.RoundTripper, and package mpy6alog a slog.Handler, for libraries that want one.
//   - mpy6a/cmd/build compiles a handler to Wasm.
//
// # Invariants
//
//   - Everything that a run does outside goes through its Repeat. There is no state of the package but the handler that
//     was given to Handle, so tests can run in parallel.
//   - Only internal/component knows the contract's form in memory; all else is plain Go, and is tested natively.
//   - Nothing here panics but Handle, when it is used wrongly. A handler that panics has it logged, and traps.
package mpy6a
