/** The toolkit's own names: paths of parameters, as checkpoints have them. */
import type { Dialect } from './dialect.js'

export const toolkit: Dialect = {
  name: 'toolkit',
  title: 'this toolkit',
  tensors: () => (path) => ({ name: path }),
  average: (name) => `average/${name}`,
  ignored: [
    [/^auxiliary\//, 'the auxiliary head, which only training has'],
    [/^(optimizer|state)\//, 'state of the optimizer'],
    [/^average\/auxiliary\//, 'the auxiliary head, which only training has'],
  ],
  background: false,
}
