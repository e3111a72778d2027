// Registers the service worker that keeps the app for offline use. A new version waits until the user asks for it.

class Offline {
  /** A new version is stored and can take over. */
  isUpdateReady = $state(false);
  #waiting: ServiceWorker | null = null;
  #isAsked = false;

  async start() {
    // Pages that are not secure have none, and a development server must not be kept.
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!workers || !import.meta.env.PROD) return;
    workers.addEventListener('controllerchange', () => {
      if (this.#isAsked) location.reload();
    });
    const registration = await workers.register(new URL('service_worker.js', document.baseURI)).catch(() => null);
    if (!registration) return;
    const look = () => {
      this.#waiting = registration.waiting;
      // Without a controller it is the first version and no update.
      this.isUpdateReady = this.#waiting !== null && workers.controller !== null;
    };
    look();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
  }

  update() {
    this.#isAsked = true;
    this.#waiting?.postMessage('take over');
  }
}

export const offline = new Offline();
