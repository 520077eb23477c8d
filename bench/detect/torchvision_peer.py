#!/usr/bin/env python3
"""The benchmark's peer: torchvision's Faster R-CNN, trained or run on one image; prints one line of JSON.

    torchvision_peer.py mobilenet|mobilenet320|resnet50 train|run SCENE

SCENE is the folder with the image and its boxes that bench.ts writes. Weights are random, so what depends on
them is set right before anything is measured: batch norm's statistics are those of the image, and in
inference the least scores let 300 proposals (of the model for 320 pixels 150, as many as it takes at most) into
MobileNet's second stage and 500 candidates into the last suppression, as trained weights roughly do; random ones would
let all or none pass. Batch norm is frozen, as
torchvision has it whenever it trains from weights, unless --batch-norm trained.
"""

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.detection import (
    fasterrcnn_mobilenet_v3_large_320_fpn,
    fasterrcnn_mobilenet_v3_large_fpn,
    fasterrcnn_resnet50_fpn,
)
from torchvision.ops import FrozenBatchNorm2d


def peak_memory():
    # Linux counts in kibibytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


START_MEMORY = peak_memory()
MODELS = {
    "mobilenet": fasterrcnn_mobilenet_v3_large_fpn,
    "mobilenet320": fasterrcnn_mobilenet_v3_large_320_fpn,
    "resnet50": fasterrcnn_resnet50_fpn,
}
PROPOSALS = 300
CANDIDATES = 500


def load(folder):
    with open(folder / "scene.json") as file:
        scene = json.load(file)
    height, width = scene["size"]
    pixels = torch.frombuffer(bytearray((folder / "image.rgb").read_bytes()), dtype=torch.uint8)
    image = pixels.reshape(height, width, 3).permute(2, 0, 1).contiguous()
    # torchvision's class 0 is the background.
    target = {"boxes": torch.tensor(scene["boxes"], dtype=torch.float32), "labels": torch.tensor(scene["labels"]) + 1}
    return image, target, scene["classes"] + 1


def measure_statistics(model, image):
    """Batch norm's moving statistics become those of this image."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1
    with torch.no_grad():
        model.backbone.train()(model.transform([image])[0].tensors)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum


def freeze(module):
    """The module with every batch norm in it frozen as it stands."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(child.num_features, child.eps)
            frozen.load_state_dict({key: child.state_dict()[key] for key in frozen.state_dict()})
            setattr(module, name, frozen)
        else:
            freeze(child)


def limit_proposals(model):
    """Where the proposal network has a least score, PROPOSALS reach the second stage, or as many as the model takes."""
    if model.rpn.score_thresh > 0:
        model.rpn._post_nms_top_n["testing"] = min(PROPOSALS, model.rpn._post_nms_top_n["testing"])


def let_candidates_through(model, image):
    """Sets the least score so that CANDIDATES boxes of all classes reach the last suppression."""
    seen = []
    hook = model.roi_heads.box_predictor.register_forward_hook(lambda _module, _in, out: seen.append(out[0]))
    with torch.inference_mode():
        model.eval()([image])
    hook.remove()
    scores = F.softmax(seen[0], -1)[:, 1:].flatten()
    model.roi_heads.score_thresh = scores.topk(CANDIDATES + 1).values[-1].item()


def compile_parts(model):
    """Compiles all layers with weights, each part at its first run. What lies between picks boxes, how many differs."""
    for part in (model.backbone, model.rpn.head, model.roi_heads.box_head, model.roi_heads.box_predictor):
        part.compile()


def train_step(model, image, target):
    # The toolkit's rate is lower still where weights are random; a step costs the same at any.
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=4e-5, fused=True)

    def step():
        optimizer.zero_grad()
        loss = sum(model([image.float() / 255], [target]).values())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        return {"loss": loss.item()}

    return step


def inference(model, image):
    def step():
        with torch.inference_mode():
            return {"detections": len(model([image.float() / 255])[0]["scores"])}

    return step


def forward_gflop(model, image, target):
    """Multiply-adds × 2 of convolutions and matrix products, one image forward."""
    # The counter does not see into compiled parts.
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as counter, torch.no_grad():
        model([image.float() / 255], [target])
    return counter.get_total_flops() / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("mode", choices=["train", "run"])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--batch-norm", choices=["frozen", "trained"], default="frozen")
    parser.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    parser.add_argument("--compile", action="store_true", help="the layers, by torch.compile in its default mode")
    parser.add_argument("--steps", type=int, default=5, help="steps measured")
    parser.add_argument("--warmup", type=int, default=1, help="steps before that")
    parser.add_argument("--threads", type=int, help="default: PyTorch's, one for each core")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    image, target, classes = load(options.scene)
    side = max(image.shape[1:])
    model = MODELS[options.model](
        weights=None, weights_backbone=None, num_classes=classes, min_size=side, max_size=side
    )
    measure_statistics(model, image.float() / 255)
    if options.batch_norm == "frozen":
        freeze(model)
    parameters = sum(p.numel() for p in model.parameters())
    if options.layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    training = options.mode == "train"
    if not training:
        limit_proposals(model)
        let_candidates_through(model, image.float() / 255)
    model.train(training)
    if options.compile:
        compile_parts(model)

    step = train_step(model, image, target) if training else inference(model, image)
    millis = []
    for done in range(options.warmup + options.steps):
        begin = time.perf_counter()
        said = step()
        took = (time.perf_counter() - begin) * 1000
        if done == 0:
            first_step_millis = took
        if done >= options.warmup:
            millis.append(took)
    # Before the arithmetic is counted, which takes memory too.
    peak = peak_memory()
    report = {
        "imagesPerSecond": 1000 / statistics.median(millis),
        "stepMillis": millis,
        "firstStepMillis": first_step_millis,
        "peakMemoryBytes": peak,
        "startMemoryBytes": START_MEMORY,
        "gflop": forward_gflop(model, image, target),
        "parameters": parameters,
        **said,
        "threads": torch.get_num_threads(),
        "version": f"torch {torch.__version__}, torchvision {torchvision.__version__}",
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
