/**
 * Intersection over union of every detection with every object, into `out[d * objects + g]`. Boxes lie flat:
 * x, y, width, height. Over a crowd the divisor is the detection's own area (see the COCO paper, on crowds).
 * Boxes that do not overlap get 0, which also keeps two empty boxes from dividing 0 by 0.
 */
export function boxIous(
  detections: Float64Array,
  detectionCount: number,
  objects: Float64Array,
  objectCount: number,
  crowds: ArrayLike<number | boolean>,
  out: Float64Array,
): void {
  for (let d = 0; d < detectionCount; d++) {
    const dx = detections[4 * d]
    const dy = detections[4 * d + 1]
    const dw = detections[4 * d + 2]
    const dh = detections[4 * d + 3]
    const area = dw * dh
    for (let g = 0; g < objectCount; g++) {
      const gx = objects[4 * g]
      const gy = objects[4 * g + 1]
      const gw = objects[4 * g + 2]
      const gh = objects[4 * g + 3]
      const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx)
      const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy)
      let iou = 0
      if (width > 0 && height > 0) {
        const intersection = width * height
        iou = intersection / (crowds[g] ? area : area + gw * gh - intersection)
      }
      out[d * objectCount + g] = iou
    }
  }
}
