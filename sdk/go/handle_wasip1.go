package mpy6a

import (
	"mpy6a/internal/component"
	"mpy6a/internal/wire"
)

func init() {
	component.Run = func(data *wire.Data, host wire.Host) wire.Outcome { return run(data, host, component.Trap) }
}
