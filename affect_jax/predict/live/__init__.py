"""Prediction while it happens: a camera, or a recording at its own pace; late frames are dropped, never queued."""
