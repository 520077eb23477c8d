import { fileURLToPath } from 'node:url'

/** The clone's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))
