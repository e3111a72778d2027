// Registers the service worker that keeps the app for offline use. A new version waits until the user asks for it, in any tab.

// Pages that are not secure have none.
const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;

class Offline {
  /** A new version is stored and can take over. */
  isUpdateReady = $state(false);
  /** Another tab asked for a new version: what this page has not loaded yet is no longer kept. */
  isReplaced = $state(false);
  #waiting: ServiceWorker | null = null;
  #isAsked = false;

  constructor() {
    // Without a controller it is the first version, which replaces none.
    let isControlled = Boolean(workers?.controller);
    workers?.addEventListener('controllerchange', () => {
      if (this.#isAsked) location.reload();
      else this.isReplaced = isControlled;
      isControlled = true;
    });
  }

  async start() {
    // A development server must not be kept.
    if (!workers || !import.meta.env.PROD) return;
    const registration = await workers.register(new URL('service_worker.js', document.baseURI)).catch(() => null);
    if (!registration) return;
    const look = () => {
      this.#waiting = registration.waiting;
      this.isUpdateReady = this.#waiting !== null && workers.controller !== null;
    };
    const follow = () => registration.installing?.addEventListener('statechange', look);
    look();
    // The browser looks for a new version by itself, and may have found one by now.
    follow();
    registration.addEventListener('updatefound', follow);
  }

  update() {
    this.#isAsked = true;
    this.#waiting?.postMessage('take over');
  }
}

export const offline = new Offline();
