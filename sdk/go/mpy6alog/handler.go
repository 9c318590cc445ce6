// Package mpy6alog lets libraries that want a *slog.Logger write into the host's log:
//
//	logger := mpy6alog.New(r)
//	logger.Info("cancelled", "order", 7)    // the line `cancelled order=7`, at info
package mpy6alog

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"

	"mpy6a"
)

// New is a logger over a run.
func New(r *mpy6a.Repeat) *slog.Logger { return slog.New(NewHandler(r)) }

// Handler is a slog.Handler over a run. A line is the message, and then the attributes as slog.TextHandler writes them; the
// host adds time, level and session itself. Levels below slog.LevelDebug are mpy6a.LevelTrace.
type Handler struct {
	repeat *mpy6a.Repeat
	// Writes attributes into line.
	text slog.Handler
	line *line
}

// line is where the text of one record is put together; handlers made by WithAttrs and WithGroup share it.
type line struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// NewHandler makes a Handler.
func NewHandler(r *mpy6a.Repeat) *Handler {
	line := new(line)
	options := slog.HandlerOptions{Level: slog.Level(-1 << 30), ReplaceAttr: onlyAttributes}
	return &Handler{repeat: r, text: slog.NewTextHandler(&line.text, &options), line: line}
}

// onlyAttributes drops what the record has by itself.
func onlyAttributes(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.TimeKey, slog.LevelKey, slog.MessageKey:
		return slog.Attr{}
	default:
		return attribute
	}
}

// Enabled is always true: what is shown is the host's to decide.
func (h *Handler) Enabled(context.Context, slog.Level) bool { return true }

// Handle writes one line.
func (h *Handler) Handle(ctx context.Context, record slog.Record) error {
	h.line.mutex.Lock()
	defer h.line.mutex.Unlock()
	h.line.text.Reset()
	if err := h.text.Handle(ctx, record); err != nil {
		return err
	}
	attributes := h.line.text.String()
	h.repeat.Log(level(record.Level), strings.TrimSpace(record.Message+" "+attributes))
	return nil
}

// WithAttrs is the same handler with more attributes.
func (h *Handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &Handler{repeat: h.repeat, text: h.text.WithAttrs(attributes), line: h.line}
}

// WithGroup is the same handler with the attributes that follow in a group.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{repeat: h.repeat, text: h.text.WithGroup(name), line: h.line}
}

func level(level slog.Level) mpy6a.Level {
	switch {
	case level < slog.LevelDebug:
		return mpy6a.LevelTrace
	case level < slog.LevelInfo:
		return mpy6a.LevelDebug
	case level < slog.LevelWarn:
		return mpy6a.LevelInfo
	case level < slog.LevelError:
		return mpy6a.LevelWarn
	default:
		return mpy6a.LevelError
	}
}
