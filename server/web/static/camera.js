// The camera. Browsers have it only at a secure address (https, or this machine itself). Its stream is shown by srcObject, and a browser
// fetches nothing for that, so the policy of the page need not allow any media.

import { Refusal } from './server.js';
import { photoOf } from './photo_sources.js';
import { say } from './words.js';

const WORDS = { NotAllowedError: 'classify.camera_refused', NotFoundError: 'classify.camera_missing' };

export const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);

export class Camera {
  #stream = null;

  constructor(video) {
    this.video = video;
  }

  get on() {
    return this.#stream !== null;
  }

  async start() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false });
    } catch (cause) {
      throw new Refusal(say(WORDS[cause.name] ?? 'classify.camera_failed', { reason: cause.message }), { status: null });
    }
    this.video.srcObject = this.#stream;
    await this.video.play();
  }

  // The picture of this moment.
  async shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d').drawImage(this.video, 0, 0);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.92); });
    const time = new Date().toTimeString().slice(0, 8).replaceAll(':', '-');
    return photoOf(new File([blob], `${say('classify.camera_name')}-${time}.jpg`, { type: 'image/jpeg' }));
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.video.srcObject = null;
  }
}
