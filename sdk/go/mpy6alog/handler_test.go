package mpy6alog_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"mpy6a"
	"mpy6a/mpy6alog"
	"mpy6a/mpy6atest"
)

func TestALoggersLinesGoToTheHost(t *testing.T) {
	ended := mpy6atest.Scene{}.Run(func(r *mpy6a.Repeat) error {
		logger := mpy6alog.New(r)
		logger.Info("cancelled", "order", 7)
		logger.With("user", "ёж & co").WithGroup("g").Warn("slow", "time", 3)
		logger.Log(context.Background(), slog.LevelDebug-1, "detail")
		logger.Error("")
		return nil
	})
	want := []mpy6atest.Line{
		{Level: mpy6a.LevelInfo, Text: "cancelled order=7"},
		{Level: mpy6a.LevelWarn, Text: `slow user="ёж & co" g.time=3`},
		{Level: mpy6a.LevelTrace, Text: "detail"},
		{Level: mpy6a.LevelError, Text: ""},
	}
	if !slices.Equal(ended.Lines, want) {
		t.Errorf("%+v", ended.Lines)
	}
}
