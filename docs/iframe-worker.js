// The theme searches in a Worker, and browsers start none for a page that is opened from the disk. There, the
// script of the Worker runs in a hidden frame instead. The theme knows the class by this name.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.title = "Search"
      this.frame.answer = data => this.dispatchEvent(new MessageEvent("message", { data }))
      this.started = new Promise(done => this.frame.addEventListener("load", done, { once: true }))
      this.frame.srcdoc =
        `<script>postMessage = data => frameElement.answer(data)</script><script src="${url}"></script>`
      document.body.append(this.frame)
    }

    postMessage(data) {
      this.started.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.frame.remove()
    }
  }
  window.Worker = window.IFrameWorker
}
