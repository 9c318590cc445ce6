package mpy6a

import (
	"fmt"

	"mpy6a/internal/wire"
)

// Level is how important a log line is.
type Level = wire.Level

// The levels, from the least important. Which of them the host shows is its own to decide.
const (
	LevelTrace = wire.Trace
	LevelDebug = wire.Debug
	LevelInfo  = wire.Info
	LevelWarn  = wire.Warn
	LevelError = wire.Error
)

// Log writes one line into the host's log; the last lines of a run are kept in the session's history, too. The host
// escapes control characters, cuts long lines, and drops lines after the run's limit. What is not UTF-8 is replaced.
func (r *Repeat) Log(level Level, line string) { r.host.Log(level, line) }

// Tracef writes a line at trace.
func (r *Repeat) Tracef(format string, args ...any) { r.Log(LevelTrace, fmt.Sprintf(format, args...)) }

// Debugf writes a line at debug.
func (r *Repeat) Debugf(format string, args ...any) { r.Log(LevelDebug, fmt.Sprintf(format, args...)) }

// Infof writes a line at info.
func (r *Repeat) Infof(format string, args ...any) { r.Log(LevelInfo, fmt.Sprintf(format, args...)) }

// Warnf writes a line at warn.
func (r *Repeat) Warnf(format string, args ...any) { r.Log(LevelWarn, fmt.Sprintf(format, args...)) }

// Errorf writes a line at error. It makes no error and ends nothing: for that, return one.
func (r *Repeat) Errorf(format string, args ...any) { r.Log(LevelError, fmt.Sprintf(format, args...)) }
