package mpy6a

import (
	"time"

	"mpy6a/internal/wire"
)

// Repeat is one run over an unfinished session. It is valid until the handler returns.
//
// Operations on the session are kept by the host and committed together with the end of the run, or earlier: all that was
// asked before an HTTP request is durable before the request leaves. A run that traps or meets a limit loses what was not
// yet committed. A run that returns nil without Delete or Store is repeated after the kind's backoff.
type Repeat struct {
	// Records are what the session recorded before this run, oldest first. Operations of this run do not show here.
	Records [][]byte

	// Kind and KindName are the client kind's number and name in the host's config.
	Kind     uint32
	KindName string

	// Repeat says which repeat this is, from 1, since the session was last stored by an operator. After MaxRepeats that
	// finished nothing the session is parked.
	Repeat, MaxRepeats uint32

	// Created, Stored and Due are when the session was created, when it was last stored, and when this repeat fell due.
	// The host will end this run at Deadline. All to the millisecond, in UTC.
	Created, Stored, Due, Deadline time.Time

	// IdempotencyKey is the same in every repeat of the session, and unique to it.
	IdempotencyKey string

	// Traceparent is the W3C traceparent given when the session was created, or empty.
	Traceparent string

	host wire.Host
}

// NewRepeat makes a Repeat whose calls go to host. Nobody else can make these arguments: it is for mpy6atest.
func NewRepeat(data *wire.Data, host wire.Host) *Repeat {
	return &Repeat{
		Records:        data.Records,
		Kind:           data.Kind,
		KindName:       data.KindName,
		Repeat:         data.Repeat,
		MaxRepeats:     data.MaxRepeats,
		Created:        moment(data.CreatedMS),
		Stored:         moment(data.StoredMS),
		Due:            moment(data.DueMS),
		Deadline:       moment(data.DeadlineMS),
		IdempotencyKey: data.IdempotencyKey,
		Traceparent:    data.Traceparent,
		host:           host,
	}
}

func moment(unixMS uint64) time.Time { return time.UnixMilli(int64(unixMS)).UTC() }

// ID is the session's id, `term-index`.
func (r *Repeat) ID() string { return r.host.ID() }

// Fence is the index at which this run got the session, `term-index`. It grows with every change of hands, so that an
// outside system can refuse a stale holder; a request with a step carries it by itself.
func (r *Repeat) Fence() string { return r.host.Fence() }

// IsLastRepeat says whether the session is parked if this run does not finish it.
func (r *Repeat) IsLastRepeat() bool { return r.Repeat >= r.MaxRepeats }
