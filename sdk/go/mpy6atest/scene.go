// Package mpy6atest runs a handler natively, under go test, without a host, and shows what it did:
//
//	ended := mpy6atest.Scene{
//		Records:  []string{`{"order":7}`},
//		Settings: map[string]string{"shop": "http://shop"},
//		HTTP: func(mpy6atest.Request) (mpy6atest.Response, error) {
//			return mpy6atest.Response{Status: 204}, nil
//		},
//	}.Run(handle)
//	if ended.Outcome != mpy6atest.Deleted { … }
//
// It tests a handler's decisions. What only a host can do it does not do: limits, the allow-list, commits; for those there
// is `mpy6a plugin test`. One rule of the host is kept, because handlers get it wrong: after Delete or Store the session
// takes no more operations, and no HTTP leaves.
package mpy6atest

import (
	"time"

	"mpy6a"
	"mpy6a/internal/wire"
)

// Scene is what a handler is to find. The zero value is a session without records, without settings, without a grant for
// HTTP, in its first repeat of ten.
type Scene struct {
	Records  []string
	Settings map[string]string

	// HTTP answers every request. An error may be one of mpy6a's, such as mpy6a.ErrTimeout; any other is taken for
	// mpy6a.ErrUnreachable. Without HTTP requests are denied.
	HTTP func(Request) (Response, error)

	// Repeat is the number of the run, MaxRepeats how many there may be: 1 and 10 where they are 0.
	Repeat, MaxRepeats uint32
}

// Ended is what a run did.
type Ended struct {
	Outcome Outcome

	// Reason is the text of the error that the handler returned, or empty; Err is the error.
	Reason string
	Err    error

	// Operations on the session in order, as far as the host would have taken them: `append RECORD`, `replace RECORD`,
	// `delete`, `store SECONDS`, and `store` for the kind's own delay.
	Operations []string

	// Requests that left, and lines that were logged, in order.
	Requests []Request
	Lines    []Line
}

// Outcome is how the session goes on.
type Outcome string

// The outcomes. A session that was deleted is gone, whatever the handler returned. One that was stored is repeated then,
// unless the handler failed for good.
const (
	Deleted    Outcome = "deleted"
	Stored     Outcome = "stored"
	Unfinished Outcome = "unfinished"
	Retry      Outcome = "retry"
	Permanent  Outcome = "permanent"
)

// Line is one line of the log.
type Line struct {
	Level mpy6a.Level
	Text  string
}

// These make the session and its times; handlers should not depend on them.
const (
	sessionID = "1-1"
	fence     = "1-2"
	createdMS = 1_000
	storedMS  = 2_000
	dueMS     = 3_000
	timeMS    = 10_000
)

// Run runs the handler once. A panic of the handler goes through to the test.
func (s Scene) Run(handle func(*mpy6a.Repeat) error) Ended {
	stage := &stage{settings: s.Settings, answer: s.HTTP}
	err := handle(mpy6a.NewRepeat(s.data(), stage))
	ended := stage.ended
	ended.Outcome = stage.outcome(err)
	if err != nil {
		ended.Err, ended.Reason = err, err.Error()
	}
	return ended
}

func (s Scene) data() *wire.Data {
	data := &wire.Data{
		Kind:           1,
		KindName:       "scene",
		Repeat:         max(s.Repeat, 1),
		MaxRepeats:     s.MaxRepeats,
		CreatedMS:      createdMS,
		StoredMS:       storedMS,
		DueMS:          dueMS,
		DeadlineMS:     dueMS + timeMS,
		IdempotencyKey: sessionID,
	}
	if data.MaxRepeats == 0 {
		data.MaxRepeats = 10
	}
	for _, record := range s.Records {
		data.Records = append(data.Records, []byte(record))
	}
	return data
}

// Logged says whether a line of this text was logged, at whatever level.
func (e Ended) Logged(text string) bool {
	for _, line := range e.Lines {
		if line.Text == text {
			return true
		}
	}
	return false
}

// Request is a request that left the handler.
type Request struct {
	Method string
	// Absolute, with the query.
	URL     string
	Headers []mpy6a.Header
	// Nil if none was sent.
	Body []byte
	// 0 if the request left it to the run's deadline.
	Timeout time.Duration
	// Empty for a request without a step.
	Step string
}

// Response is an answer of the outside.
type Response struct {
	Status int
	// Names in lower case.
	Headers []mpy6a.Header
	Body    string
}
