package mpy6atest

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"mpy6a"
	"mpy6a/internal/wire"
)

// stage is what there is instead of a host, for one run. A handler may have several goroutines.
type stage struct {
	settings map[string]string
	answer   func(Request) (Response, error)

	mutex    sync.Mutex
	ended    Ended
	finished Outcome
}

func (s *stage) ID() string    { return sessionID }
func (s *stage) Fence() string { return fence }

func (s *stage) Append(record []byte) *wire.Refusal  { return s.operate("append "+string(record), "") }
func (s *stage) Replace(record []byte) *wire.Refusal { return s.operate("replace "+string(record), "") }
func (s *stage) Delete() *wire.Refusal               { return s.operate("delete", Deleted) }

func (s *stage) Store(seconds *uint32) *wire.Refusal {
	if seconds == nil {
		return s.operate("store", Stored)
	}
	return s.operate("store "+strconv.FormatUint(uint64(*seconds), 10), Stored)
}

// operate takes an operation, after which the session is finished if that is not empty.
func (s *stage) operate(operation string, finished Outcome) *wire.Refusal {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.finished != "" {
		return &wire.Refusal{Code: wire.Finished}
	}
	s.ended.Operations = append(s.ended.Operations, operation)
	s.finished = finished
	return nil
}

func (s *stage) outcome(err error) Outcome {
	switch {
	case s.finished == Deleted:
		return Deleted
	case err == nil && s.finished == "":
		return Unfinished
	case err == nil:
		return s.finished
	case mpy6a.IsPermanent(err):
		return Permanent
	default:
		return Retry
	}
}

// Send does not hold the stage while the test's own function runs: it may log.
func (s *stage) Send(request *wire.Request) (*wire.Response, *wire.Trouble) {
	asked := shown(request)
	if trouble := s.leave(asked); trouble != nil {
		return nil, trouble
	}
	answer, err := s.answer(asked)
	if err != nil {
		return nil, trouble(err)
	}
	return &wire.Response{
		Status:  uint16(answer.Status),
		Headers: answer.Headers,
		Body:    []byte(answer.Body),
	}, nil
}

func (s *stage) leave(request Request) *wire.Trouble {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.finished != "":
		return &wire.Trouble{Code: wire.Invalid, Why: "the session is finished: send before Delete or Store"}
	case s.answer == nil:
		return &wire.Trouble{Code: wire.Denied, Why: "the scene grants no HTTP: give it a function"}
	}
	s.ended.Requests = append(s.ended.Requests, request)
	return nil
}

func shown(request *wire.Request) Request {
	asked := Request{Method: request.Method, URL: request.URL, Headers: request.Headers, Body: request.Body}
	if request.TimeoutMS != nil {
		asked.Timeout = time.Duration(*request.TimeoutMS) * time.Millisecond
	}
	if request.Step != nil {
		asked.Step = *request.Step
	}
	return asked
}

// trouble is a test's error as the host would tell it.
func trouble(err error) *wire.Trouble {
	cases := []struct {
		is   error
		code wire.TroubleCode
	}{
		{mpy6a.ErrDenied, wire.Denied},
		{mpy6a.ErrInvalid, wire.Invalid},
		{mpy6a.ErrTimeout, wire.Timeout},
		{mpy6a.ErrBroken, wire.Broken},
		{mpy6a.ErrResponseTooLarge, wire.ResponseTooLarge},
	}
	for _, known := range cases {
		if errors.Is(err, known.is) {
			return &wire.Trouble{Code: known.code}
		}
	}
	return &wire.Trouble{Code: wire.Unreachable, Why: err.Error()}
}

func (s *stage) Log(level wire.Level, message string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	text := strings.ToValidUTF8(message, "\uFFFD")
	s.ended.Lines = append(s.ended.Lines, Line{Level: level, Text: text})
}

func (s *stage) Setting(key string) (string, bool, error) {
	value, found := s.settings[key]
	return value, found, nil
}

func (s *stage) Settings() ([]wire.Pair, error) {
	var all []wire.Pair
	for name, value := range s.settings {
		all = append(all, wire.Pair{Name: name, Value: value})
	}
	return all, nil
}
