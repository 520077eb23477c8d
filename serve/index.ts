/** Serving exported models over HTTP. */
export type { Classification, Prediction } from './classify.js'
export { curlExamples } from './curl.js'
export { ServeError } from './errors.js'
export { type Log, logToStderr, noLog } from './log.js'
export { type RunningServer, type ServerOptions, serverDefaults, startServer } from './server.js'
export { closeOnSignal } from './signals.js'
