package mpy6a

import (
	"errors"
	"strings"
	"testing"

	"mpy6a/internal/wire"
)

// logbook is a host that only takes lines.
type logbook struct {
	wire.Host
	lines []string
}

func (l *logbook) Log(_ wire.Level, line string) { l.lines = append(l.lines, line) }

func explode(*Repeat) error {
	var nothing map[string]int
	nothing["a"] = 1
	return nil
}

func TestAPanicIsLoggedWithItsPlaceBeforeItTraps(t *testing.T) {
	handler = explode
	defer func() { handler = nil }()
	host, trapped := new(logbook), false
	run(&wire.Data{}, host, func() { trapped = true })
	if !trapped || len(host.lines) < 2 {
		t.Fatalf("trapped: %v, lines: %q", trapped, host.lines)
	}
	if host.lines[0] != "panic: assignment to entry in nil map" {
		t.Errorf("%q", host.lines[0])
	}
	if !strings.HasPrefix(host.lines[1], "  at mpy6a.explode, ") {
		t.Errorf("%q", host.lines[1])
	}
}

func TestAnErrorIsTheOutcome(t *testing.T) {
	defer func() { handler = nil }()
	for _, c := range []struct {
		err  error
		want wire.Outcome
	}{
		{nil, wire.Outcome{}},
		{errors.New("why"), wire.Outcome{Failed: true, Reason: "why"}},
		{Permanentf("never"), wire.Outcome{Failed: true, Permanent: true, Reason: "never"}},
	} {
		handler = func(*Repeat) error { return c.err }
		if got := run(&wire.Data{}, new(logbook), func() { t.Error("it trapped") }); got != c.want {
			t.Errorf("%+v", got)
		}
	}
}

func TestAProgramWithoutAHandlerSaysWhatIsMissing(t *testing.T) {
	host := new(logbook)
	run(&wire.Data{}, host, func() {})
	if len(host.lines) == 0 || !strings.Contains(host.lines[0], "call mpy6a.Handle from an init function") {
		t.Errorf("%q", host.lines)
	}
}
