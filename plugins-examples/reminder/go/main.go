// A handler without effects outside: remind three times, then forget the session.
//
// The first record is `{"text":"…"}`, what to remind of. Each run gives one reminder, a line in the log, and records it,
// `{"reminded":n}`; then it stores the session until the next is due, and after the last deletes it.
//
// Why it counts records: the repeat number will not do, for a handler that stores its session has made progress, so the
// host counts its repeats anew. A record does: it is committed together with the end of the run. A run that is cut off
// leaves none, and the next gives the same reminder again, with the same number.
package main

import (
	"errors"
	"strconv"
	"time"

	"mpy6a"
)

const (
	// How many reminders there are.
	reminders = 3
	// Seconds from one reminder to the next, where the setting every_s does not say.
	everySDefault = 60
)

func init() { mpy6a.Handle(handle) }

func main() {}

// reminder is the first record.
type reminder struct {
	Text *string `json:"text"`
}

func (r *reminder) Validate() error {
	if r.Text == nil {
		return errors.New("it has no text")
	}
	return nil
}

// given is every other record: a reminder was given, the Reminded-th.
type given struct {
	Reminded *uint32 `json:"reminded"`
}

func (g *given) Validate() error {
	if g.Reminded == nil {
		return errors.New("it has no number")
	}
	return nil
}

func handle(r *mpy6a.Repeat) error {
	var reminder reminder
	if err := r.Record(0, &reminder); err != nil {
		return err
	}
	n, err := next(r)
	if err != nil {
		return err
	}
	r.Infof("reminder %d of %d: %s", n, reminders, *reminder.Text)
	if err := r.AppendJSON(given{Reminded: &n}); err != nil {
		return err
	}
	if n >= reminders {
		return r.Delete()
	}
	every, err := every(r)
	if err != nil {
		return err
	}
	return r.Store(every)
}

// next is the number of the reminder that this run gives: the first record is none.
func next(r *mpy6a.Repeat) (uint32, error) {
	for index := 1; index < len(r.Records); index++ {
		if err := r.Record(index, new(given)); err != nil {
			return 0, err
		}
	}
	return uint32(len(r.Records)), nil
}

// every is the time from one reminder to the next.
func every(r *mpy6a.Repeat) (time.Duration, error) {
	text, found, err := r.LookupSetting("every_s")
	if err != nil {
		return 0, err
	}
	if !found {
		return everySDefault * time.Second, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, mpy6a.Permanentf("the setting `every_s`, in whole seconds: %w", err)
	}
	return time.Duration(seconds) * time.Second, nil
}
