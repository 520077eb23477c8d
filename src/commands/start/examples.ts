/** Requests to try the two models with: as commands to paste, and sent. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { examplePath, scenesPath } from '../../chain/chain-folder.js'

export interface Example {
  name: 'classify' | 'detect'
  image: string
  url: string
  /** A command for a shell. */
  curl: string
}

/** One request to each model, with images that they never saw. */
export function examplesOf(folder: string, address: string): Example[] {
  const example = (name: Example['name'], path: string, query: string): Example => {
    const [image, url] = [resolve(path), `${address}/${name}${query}`]
    return { name, image, url, curl: `curl -F image=@'${image}' '${url}'` }
  }
  return [
    example('classify', examplePath(folder), '?top=3'),
    example('detect', join(scenesPath(folder), '1.jpg'), '?minScore=0.3'),
  ]
}

/** What the server answers, by the name of the request. Throws an Error with the answer to one that it refuses. */
export async function sendExamples(examples: readonly Example[]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {}
  for (const { name, image, url } of examples) {
    const form = new FormData()
    form.set('image', new Blob([new Uint8Array(await readFile(image))]), 'image')
    const response = await fetch(url, { method: 'POST', body: form })
    const answer = await response.text()
    if (!response.ok)
      throw new Error(`The server answered its own request to ${url} with ${response.status}: ${answer}`)
    answers[name] = JSON.parse(answer)
  }
  return answers
}
