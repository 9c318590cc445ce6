// The repeat handler {{name}}: it finishes what a service began.
package main

import (
	"errors"
	"fmt"

	"mpy6a"
)

func init() { mpy6a.Handle(handle) }

func main() {} // never called: the host calls handle

// order is the first record: which order the service was about to cancel.
type order struct {
	Number uint64 `json:"order"`
}

// Validate makes sure that the number was there.
func (o *order) Validate() error {
	if o.Number == 0 {
		return errors.New("it names no order")
	}
	return nil
}

func handle(r *mpy6a.Repeat) error {
	var order order
	if err := r.Record(0, &order); err != nil {
		return err
	}
	shop, err := r.Setting("shop")
	if err != nil {
		return err
	}
	// The step makes this safe to repeat: the shop sees the same Idempotency-Key in every repeat of the session.
	url := fmt.Sprintf("%s/orders/%d/cancel", shop, order.Number)
	if _, err := r.Post(url).Step("cancel").SendOK(); err != nil {
		return err
	}
	r.Infof("cancelled order %d", order.Number)
	return r.Delete()
}
