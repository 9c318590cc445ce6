//go:build wasip1

package component

import "unsafe"

// The imports of wit/handler.wit, flattened by the canonical ABI: a string or list is its address and its length, an
// option is 0 or 1 and its value, and the last argument is where the result goes, if it is more than a number.

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.id
func sessionID(session uint32, result *list)

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.fence
func sessionFence(session uint32, result *list)

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.append
func sessionAppend(session uint32, record unsafe.Pointer, length uint32, result *refusal)

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.replace
func sessionReplace(session uint32, record unsafe.Pointer, length uint32, result *refusal)

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.delete
func sessionDelete(session uint32, result *refusal)

//go:wasmimport mpy6a:handler/types@1.0.0 [method]session.store
func sessionStore(session uint32, some uint32, seconds uint32, result *refusal)

//go:wasmimport mpy6a:handler/http@1.0.0 send
func httpSend(
	method unsafe.Pointer, methodLength uint32,
	url unsafe.Pointer, urlLength uint32,
	headers unsafe.Pointer, headersLength uint32,
	someBody uint32, body unsafe.Pointer, bodyLength uint32,
	someTimeout uint32, timeoutMS uint32,
	someStep uint32, step unsafe.Pointer, stepLength uint32,
	result *answer,
)

//go:wasmimport mpy6a:handler/log@1.0.0 write
func logWrite(level uint32, message unsafe.Pointer, length uint32)

//go:wasmimport wasi:config/store@0.2.0-rc.1 get
func configGet(key unsafe.Pointer, length uint32, result *setting)

//go:wasmimport wasi:config/store@0.2.0-rc.1 get-all
func configGetAll(result *settings)
