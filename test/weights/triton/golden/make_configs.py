"""Writes classifier.pbtxt and detector.pbtxt with NVIDIA's own schema and Google's own writer of text format.

    pip install tritonclient[grpc]==2.73.0 && python make_configs.py
"""

import json
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as triton


def config(name, batch, height, width, outputs, parameters):
    model = triton.ModelConfig(name=name, backend="onnxruntime", max_batch_size=batch)
    pixels = [height, width, 3] if batch else [1, height, width, 3]
    model.input.add(name="images", data_type=triton.TYPE_UINT8, dims=pixels)
    for fields in outputs:
        model.output.add(**fields)
    if batch:
        model.dynamic_batching.SetInParent()
    for key, value in parameters.items():
        model.parameters[key].string_value = value
    warmup = model.model_warmup.add(name="black image", batch_size=1)
    warmup.inputs["images"].data_type = triton.TYPE_UINT8
    warmup.inputs["images"].dims.extend(pixels)
    warmup.inputs["images"].zero_data = True
    return model


labels = json.dumps(['dai"sy', "Löwe\\n", "rose"], ensure_ascii=False, separators=(",", ":"))
models = {
    "classifier": config(
        "flowers.v1",
        16,
        24,
        32,
        [dict(name="probabilities", data_type=triton.TYPE_FP32, dims=[3], label_filename="labels.txt")],
        dict(task="classification", name="small", labels=labels, input_size="[24,32]", preprocessing="cover"),
    ),
    "detector": config(
        "found",
        0,
        48,
        64,
        [
            dict(name="boxes", data_type=triton.TYPE_FP32, dims=[1, 7, 4]),
            dict(name="scores", data_type=triton.TYPE_FP32, dims=[1, 7]),
            dict(name="classes", data_type=triton.TYPE_INT32, dims=[1, 7]),
        ],
        dict(
            task="detection",
            name="finder",
            labels=labels,
            input_size="[48,64]",
            category_ids="[4,5,9]",
            resize="letterbox",
        ),
    ),
}
for name, model in models.items():
    Path(__file__).with_name(f"{name}.pbtxt").write_text(text_format.MessageToString(model, as_utf8=False))
