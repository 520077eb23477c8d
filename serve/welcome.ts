import type { ModelCard } from '../src/shared/model-card.js'
import { taskRoutes } from './choose-model.js'
import { curlExamples } from './curl.js'
import { detectionDefaults } from './detections.js'
import type { Task } from './outputs.js'

const taskHelp: Record<Task, string> = {
  classification: 'the most probable classes of one image; ?top=K, ?model=NAME',
  detection: `the objects in one image; ?minScore=${detectionDefaults.minScore}, ?max=${detectionDefaults.max}, ?draw=1 (answers a PNG), ?model=NAME`,
}

/** The answer to `GET /` for clients such as curl; browsers get the page. */
export function welcome(address: string, cards: readonly ModelCard[]) {
  const tasks = [...new Set(cards.map(({ task }) => task))]
  return {
    paths: {
      ...Object.fromEntries(tasks.map((task) => [`POST ${taskRoutes[task].path}`, taskHelp[task]])),
      'GET /models': 'the models: labels, input size, how they were made',
      'GET /healthz': '200 while every model can answer',
      'GET /docs': 'all paths, parameters and answers; for programs at /openapi.json',
    },
    models: cards.map(({ name }) => name),
    examples: curlExamples(address, cards),
  }
}
