/**
 * ONNX Runtime reports to its makers unless told otherwise before its first session, in the main thread: a
 * worker's environment is a copy. A user's own setting is left as it is.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1'
