package mpy6a

import (
	"errors"
	"fmt"
)

// A handler that fails returns an error, and one question decides what becomes of the session: can running the same
// handler over the same records once more end differently?
//
//	what failed                                                  | it is
//	-------------------------------------------------------------|----------
//	Record, RecordsAs: not there, not JSON, not valid            | permanent
//	an operation on the session (SessionError)                   | permanent
//	Setting: missing                                             | permanent
//	HTTP: denied, malformed, or the response too large           | permanent
//	HTTP: unreachable, out of time, or the connection broke      | retry
//	ExpectSuccess: status 5xx, 408, 409, 412, 423, 425, 429      | retry
//	ExpectSuccess: any other status that is not 2xx              | permanent
//	Response.JSON: the body is not JSON, or not valid            | retry
//	Retry, Permanent                                             | what you say
//	any other error                                              | retry
//
// A wrong retry costs a few runs, for the host parks the session after its last repeat anyway. A wrong permanent parks work
// that would have healed. So what is in doubt is retried.
//
// Errors may be wrapped in each other as usual. The outermost one that is in the table decides.

// Failure is an error with the word on it whether a repeat can help.
type Failure struct {
	// Permanent parks the session at once, whole, until a person decides. Otherwise it is repeated after the kind's
	// backoff, or parked if this was the last repeat.
	Permanent bool
	// Err is why. Its text is kept with the session, so it should hold no secrets.
	Err error
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

func (f *Failure) permanent() bool { return f.Permanent }

// Retry says of an error that a repeat may help, whatever it said of itself. Nil stays nil.
func Retry(err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Err: err}
}

// Permanent says of an error that no repeat can help, whatever it said of itself. Nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Permanent: true, Err: err}
}

// Retryf is Retry of an error made by fmt.Errorf.
func Retryf(format string, args ...any) error { return Retry(fmt.Errorf(format, args...)) }

// Permanentf is Permanent of an error made by fmt.Errorf.
func Permanentf(format string, args ...any) error { return Permanent(fmt.Errorf(format, args...)) }

// IsPermanent says what the host is told of an error: whether it is permanent. The table above has the rules.
func IsPermanent(err error) bool {
	var verdict interface{ permanent() bool }
	return errors.As(err, &verdict) && verdict.permanent()
}
