package mpy6a

import (
	"errors"
	"fmt"
	"math"
	"time"

	"mpy6a/internal/wire"
)

// Append appends a record.
func (r *Repeat) Append(record []byte) error { return refused(r.host.Append(record)) }

// AppendJSON appends a value as JSON.
func (r *Repeat) AppendJSON(value any) error {
	record, err := encode(value)
	if err != nil {
		return Permanentf("a record does not serialise: %w", err)
	}
	return r.Append(record)
}

// Replace drops all records and keeps this one.
func (r *Repeat) Replace(record []byte) error { return refused(r.host.Replace(record)) }

// ReplaceJSON drops all records and keeps this value, as JSON.
func (r *Repeat) ReplaceJSON(value any) error {
	record, err := encode(value)
	if err != nil {
		return Permanentf("a record does not serialise: %w", err)
	}
	return r.Replace(record)
}

// Delete says that the work is finished: the host forgets the session. After this it takes no more operations, and no
// HTTP leaves.
func (r *Repeat) Delete() error { return refused(r.host.Delete()) }

// Store has the session repeated after this time, rounded up to whole seconds; what is negative counts as 0. After this
// the session takes no more operations, and no HTTP leaves.
func (r *Repeat) Store(timeout time.Duration) error {
	seconds := roundUp(timeout, time.Second)
	return refused(r.host.Store(&seconds))
}

// StoreDefault is Store with the kind's own delay.
func (r *Repeat) StoreDefault() error { return refused(r.host.Store(nil)) }

// roundUp counts the units in a duration, never fewer than asked. More than 32 bits hold is as many as they hold, and
// left to the host to refuse.
func roundUp(duration, unit time.Duration) uint32 {
	if duration <= 0 {
		return 0
	}
	return uint32(min((uint64(duration)+uint64(unit)-1)/uint64(unit), math.MaxUint32))
}

// Why an operation was refused: what a [SessionError] wraps, for errors.Is.
var (
	ErrFinished        = errors.New("the session was already deleted or stored in this run: do that last")
	ErrRecordTooLarge  = errors.New("the record is over the host's limit: keep large data elsewhere")
	ErrSessionTooLarge = errors.New("the session would outgrow the host's limit: replace records, do not append")
	ErrTooManyRecords  = errors.New("the session has as many records as the host allows: replace records, do not append")
	ErrTimeoutTooLong  = errors.New("the timeout is over the host's limit: store for less, and again")
)

// SessionError says that an operation was refused: nothing of it was applied, and the handler may go on. Returned from
// the handler it is permanent, for the same handler would ask for the same in every repeat.
type SessionError struct {
	// Err is one of the errors above.
	Err error
	// Limit is the host's, in bytes, records or seconds; 0 where there is none.
	Limit uint64
}

func (e *SessionError) Error() string {
	switch e.Err {
	case ErrFinished:
		return e.Err.Error()
	case ErrTooManyRecords:
		return fmt.Sprintf("%v (limit: %d)", e.Err, e.Limit)
	case ErrTimeoutTooLong:
		return fmt.Sprintf("%v (limit: %d s)", e.Err, e.Limit)
	default:
		return fmt.Sprintf("%v (limit: %d bytes)", e.Err, e.Limit)
	}
}

func (e *SessionError) Unwrap() error { return e.Err }

func (e *SessionError) permanent() bool { return true }

// refused is the host's answer to an operation as an error.
func refused(refusal *wire.Refusal) error {
	if refusal == nil {
		return nil
	}
	cases := [...]error{
		wire.Finished:        ErrFinished,
		wire.RecordTooLarge:  ErrRecordTooLarge,
		wire.SessionTooLarge: ErrSessionTooLarge,
		wire.TooManyRecords:  ErrTooManyRecords,
		wire.TimeoutTooLong:  ErrTimeoutTooLong,
	}
	return &SessionError{Err: cases[refusal.Code], Limit: refusal.Limit}
}
