/** Which commands there are. Each is loaded when it is asked for. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'

export interface CommandEntry {
  description: string
  load: () => Promise<CommandUnknownOpts>
  /** What it makes is served or lies in files: it goes on when nobody reads, or no disk holds, what it prints. */
  outlivesReaders?: true
}

export const commands: Record<string, CommandEntry> = {
  start: {
    description:
      'search cells, train a classifier and a detector of them, and serve both, as "npm start" does',
    load: async () => (await import('./start/start.js')).startCommand(),
    outlivesReaders: true,
  },
  datasets: {
    description: 'download, view and check data sets',
    load: async () => (await import('./datasets/datasets.js')).datasetsCommand(),
    outlivesReaders: true,
  },
  'download-weights': {
    description: 'download published weights of NASNet and of its COCO detector',
    load: async () => (await import('./weights/download-weights.js')).downloadWeightsCommand(),
    outlivesReaders: true,
  },
  'train-backbone': {
    description: 'train an image classifier',
    load: async () => (await import('./train/train-backbone.js')).trainBackboneCommand(),
    outlivesReaders: true,
  },
  'finetune-coco': {
    description: 'train a detector on a classifier’s backbone, on COCO or other images with COCO annotations',
    load: async () => (await import('./train/finetune-coco.js')).finetuneCocoCommand(),
    outlivesReaders: true,
  },
  'search-worker': {
    description: 'train and evaluate children of a search that runs on another machine',
    load: async () => (await import('./search/worker.js')).searchWorkerCommand(),
    outlivesReaders: true,
  },
  evaluate: {
    description: 'evaluate a run or an exported model on labelled images',
    load: async () => (await import('./evaluate/evaluate.js')).evaluateCommand(),
  },
  'evaluate-detections': {
    description: 'evaluate boxes, masks or keypoints by COCO’s average precision',
    load: async () => (await import('./evaluate/detections.js')).evaluateDetectionsCommand(),
  },
  describe: {
    description: 'show the cells, shapes, parameters and multiply-adds of a network',
    load: async () => (await import('./describe.js')).describeCommand(),
  },
  draw: {
    description: 'draw the cells of a network as graphs',
    load: async () => (await import('./draw.js')).drawCommand(),
  },
  'import-weights': {
    description: 'make a run of weights that TF-Slim, Keras or timm have written',
    load: async () => (await import('./weights/import-weights.js')).importWeightsCommand(),
  },
  export: {
    description: 'export a run as one ONNX file',
    load: async () => (await import('./export.js')).exportCommand(),
  },
  plot: {
    description: 'plot the training curves of runs',
    load: async () => (await import('./plot.js')).plotCommand(),
  },
  search: {
    description: 'search cells: propose networks, train and evaluate them, learn from their accuracy',
    load: async () => (await import('./search/search.js')).searchCommand(),
    outlivesReaders: true,
  },
  'search-report': {
    description: 'report on searches on one page: rewards, best cells, operations, time',
    load: async () => (await import('./search/report.js')).searchReportCommand(),
  },
  'compare-cells': {
    description: 'train networks of different cells at equal cost and for equally long, and rank them',
    load: async () => (await import('./search/compare-cells.js')).compareCellsCommand(),
    outlivesReaders: true,
  },
  detect: {
    description: 'find objects in images with an exported detector',
    load: async () => (await import('./detect.js')).detectCommand(),
  },
  serve: {
    description: 'serve exported classifiers and detectors over HTTP',
    load: async () => (await import('./serve.js')).serveCommand(),
    outlivesReaders: true,
  },
}
