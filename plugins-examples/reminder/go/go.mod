module reminder

go 1.25

require mpy6a v0.0.0

replace mpy6a => ../../../sdk/go
