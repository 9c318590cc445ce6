module mpy6a

go 1.24
