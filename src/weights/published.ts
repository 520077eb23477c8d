/**
 * Published weights that can be downloaded: where their archives lie, and by which variables they are known. Their authors
 * publish neither sizes nor checksums; Google's storage states both with every download.
 */

export interface PublishedWeights {
  /** For people. */
  title: string
  /** A `.tar.gz` with a TensorFlow checkpoint. */
  url: string
  /** The checkpoint's name in the archive. */
  checkpoint: string
  /** The architecture that the weights are for, as `import-weights --arch` has it. */
  arch: string
  /** Shapes of variables that no other of these checkpoints has together. */
  variables: Readonly<Record<string, readonly number[]>>
}

/** Everything lies in one bucket; `http://download.tensorflow.org` is the same. */
const BUCKET = 'https://storage.googleapis.com/download.tensorflow.org/models'

/**
 * Classifiers: https://github.com/tensorflow/models/tree/master/research/slim/nets/nasnet. Detector:
 * https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/tf1_detection_zoo.md.
 */
export const publishedWeights = {
  'nasnet-a-mobile': {
    title: 'NASNet-A (4 @ 1056) of ImageNet, by TF-Slim',
    url: `${BUCKET}/nasnet-a_mobile_04_10_2017.tar.gz`,
    checkpoint: 'model.ckpt',
    arch: 'nasnet-a-mobile',
    variables: { 'conv0/weights': [3, 3, 3, 32], 'final_layer/FC/weights': [1056, 1001] },
  },
  'nasnet-a-large': {
    title: 'NASNet-A (6 @ 4032) of ImageNet, by TF-Slim',
    url: `${BUCKET}/nasnet-a_large_04_10_2017.tar.gz`,
    checkpoint: 'model.ckpt',
    arch: 'nasnet-a-large',
    variables: { 'conv0/weights': [3, 3, 3, 96], 'final_layer/FC/weights': [4032, 1001] },
  },
  'faster-rcnn-nas-coco': {
    title: 'Faster R-CNN with NASNet-A of COCO, by the Object Detection API',
    url: `${BUCKET}/object_detection/faster_rcnn_nas_coco_2018_01_28.tar.gz`,
    checkpoint: 'model.ckpt',
    arch: 'faster-rcnn-nas-coco',
    variables: {
      'FirstStageFeatureExtractor/conv0/weights': [3, 3, 3, 96],
      'SecondStageBoxPredictor/ClassPredictor/weights': [4032, 91],
    },
  },
} as const satisfies Record<string, PublishedWeights>

export type PublishedName = keyof typeof publishedWeights

export const publishedNames = Object.keys(publishedWeights) as PublishedName[]
