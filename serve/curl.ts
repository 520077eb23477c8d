import type { ModelCard } from '../src/shared/model-card.js'
import { taskRoutes } from './choose-model.js'
import type { Task } from './outputs.js'

/** An orange GIF of 8 × 8 pixels: small enough for a command line. */
const orange = 'R0lGODlhCAAIAIAAAExpcfCCFCH5BAUAAAAALAAAAAAIAAgAAAIHjI+py+1dAAA7'

export interface CurlExamples {
  /** Contains its image, and so works wherever it is pasted. */
  selfContained: string
  /** Sends `photo.jpg`. */
  file: string
  /** Present when there is a detector: sends `photo.jpg` and writes it with boxes to `boxes.png`. */
  draw?: string
}

/** Shell commands that send an image to the first model, and to the first detector for a drawing. */
export function curlExamples(address: string, models: readonly ModelCard[]): CurlExamples {
  const urlOf = ({ task, name }: ModelCard, more: string[] = []) => {
    const parameters = [...more, ...(countOf(task) > 1 ? [`model=${encodeURIComponent(name)}`] : [])]
    const query = parameters.length > 0 ? `?${parameters.join('&')}` : ''
    return `'${address}${taskRoutes[task].path}${query}'`
  }
  const countOf = (task: Task) => models.filter((model) => model.task === task).length
  const first = urlOf(models[0])
  const detector = models.find(({ task }) => task === 'detection')
  return {
    selfContained: `echo ${orange} | base64 -d | curl -F image=@- ${first}`,
    file: `curl -F image=@photo.jpg ${first}`,
    ...(detector && { draw: `curl -F image=@photo.jpg ${urlOf(detector, ['draw=1'])} -o boxes.png` }),
  }
}
