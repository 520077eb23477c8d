/**
 * What went wrong on the way to `peer`, in plain words; other messages come back as they are.
 *
 * @param peer How the message names the other end.
 */
export function plainNetworkError(error: unknown, peer = 'the server'): string {
  const { code, message, hostname } = error as NodeJS.ErrnoException & { hostname?: string }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return peer === 'the server'
        ? `the name ${hostname ?? 'of the server'} could not be looked up, is there a network?`
        : `the name of ${peer} could not be looked up`
    case 'ECONNREFUSED':
      return `${peer} refused the connection`
    case 'ECONNRESET':
    case 'EPIPE':
      return peer === 'the server' ? 'the connection was cut' : `the connection to ${peer} was cut`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return (
        `the certificate of ${peer} is not trusted here (${message}); if your network has an authority of its own, ` +
        'name its certificate in NODE_EXTRA_CA_CERTS'
      )
    default:
      return message
  }
}
