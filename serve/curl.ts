/** An orange GIF of 8 × 8 pixels: small enough to stand in a command line. */
const orange = 'R0lGODlhCAAIAIAAAExpcfCCFCH5BAUAAAAALAAAAAAIAAgAAAIHjI+py+1dAAA7'

/**
 * Lines for the shell that classify an image with the first of the models: `selfContained` carries its own
 * and works wherever it is pasted, `file` sends `photo.jpg`.
 */
export function curlExamples(
  address: string,
  models: { name: string }[],
): { selfContained: string; file: string } {
  const query = models.length > 1 ? `?model=${encodeURIComponent(models[0].name)}` : ''
  const url = `'${address}/classify${query}'`
  return {
    selfContained: `echo ${orange} | base64 -d | curl -F image=@- ${url}`,
    file: `curl -F image=@photo.jpg ${url}`,
  }
}
