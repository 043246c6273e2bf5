// Reading a QR code with the camera, where the browser can (BarcodeDetector); pasting works everywhere.

export async function canScan() {
  if (!('BarcodeDetector' in window) || !navigator.mediaDevices?.getUserMedia) return false;
  try {
    return (await BarcodeDetector.getSupportedFormats()).includes('qr_code');
  } catch {
    return false;
  }
}

// Shows the camera in `video` and calls `found(text)` with each new code until stopped; resolves to a
// function that stops. Rejects where the camera may not be used.
export async function scan(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  let on = true;
  let last = '';

  async function look() {
    if (!on) return;
    try {
      const [code] = await detector.detect(video);
      if (code && code.rawValue !== last) {
        last = code.rawValue;
        found(last);
      }
    } catch { /* no picture yet */ }
    if (on) setTimeout(look, 150);
  }

  video.srcObject = stream;
  await video.play();
  look();
  return () => {
    on = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
