// Package wire is what the SDK and a host say to each other, in plain Go types.
//
// There are two hosts: package component speaks to the real one through the Wasm component's imports, and package
// mpy6atest plays one in tests. Everything above this package is the same for both.
package wire

// Host is what a run can ask for. Its methods are those of wit/handler.wit.
type Host interface {
	ID() string
	Fence() string

	// A nil Refusal means that the operation was taken.
	Append(record []byte) *Refusal
	Replace(record []byte) *Refusal
	Delete() *Refusal
	// Store takes whole seconds; with nil the kind's own delay.
	Store(seconds *uint32) *Refusal

	Send(*Request) (*Response, *Trouble)
	Log(level Level, message string)
	Setting(key string) (value string, found bool, err error)
	Settings() ([]Pair, error)
}

// Data is everything that a handler gets besides the host itself.
type Data struct {
	Records    [][]byte
	Kind       uint32
	KindName   string
	Repeat     uint32
	MaxRepeats uint32
	// Unix milliseconds.
	CreatedMS, StoredMS, DueMS, DeadlineMS uint64
	IdempotencyKey                         string
	// Empty where the session has none.
	Traceparent string
}

// Outcome is how a run ended that did not trap.
type Outcome struct {
	Failed    bool
	Permanent bool
	Reason    string
}

// Refusal is why an operation on the session was refused.
type Refusal struct {
	Code RefusalCode
	// In bytes, records or seconds, as the code says; 0 for Finished.
	Limit uint64
}

// RefusalCode numbers the cases of the contract's variant session-error.
type RefusalCode uint8

// The cases, in the contract's order.
const (
	Finished RefusalCode = iota
	RecordTooLarge
	SessionTooLarge
	TooManyRecords
	TimeoutTooLong
)

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// Request is an HTTP request as the host takes it.
type Request struct {
	Method  string
	URL     string
	Headers []Pair
	// Nil sends no body.
	Body []byte
	// Nil leaves it to the run's own deadline.
	TimeoutMS *uint32
	// Nil for a request without a step.
	Step *string
}

// Response is a whole HTTP response.
type Response struct {
	Status  uint16
	Headers []Pair
	Body    []byte
}

// Trouble is why a request brought no response.
type Trouble struct {
	Code TroubleCode
	// Empty for Timeout and ResponseTooLarge.
	Why string
	// In bytes, for ResponseTooLarge.
	Limit uint64
}

// TroubleCode numbers the cases of the contract's variant http-error.
type TroubleCode uint8

// The cases, in the contract's order.
const (
	Denied TroubleCode = iota
	Invalid
	Unreachable
	Timeout
	Broken
	ResponseTooLarge
)

// Level is how important a log line is.
type Level uint8

// The levels, in the contract's order.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
)
