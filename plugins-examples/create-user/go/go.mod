module create-user

go 1.24

require mpy6a v0.0.0

replace mpy6a => ../../../sdk/go
