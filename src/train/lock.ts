/** Where version 0.1 had the lock of a folder: programs that share a run's folder import it from here. */
export { lockFolder } from '../shared/lock.js'
