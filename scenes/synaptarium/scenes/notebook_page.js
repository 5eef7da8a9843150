/**
 * Draws widgets without Jupyter: as much of a module loader and of a widget manager as their scripts ask for.
 *
 * The scripts that follow are asynchronous modules (`define`); each is named by `next` before it runs. The widgets' own
 * script believes to be in a classic notebook, which here has no kernel and no cells.
 */
(() => {
  const nothing = { on() {}, register() {} };
  const Jupyter = {
    version: '6.5.7',
    notebook: { container: nothing, keyboard_manager: { actions: nothing } },
  };
  const modules = {
    'base/js/namespace': Jupyter,
    'base/js/events': nothing,
    'notebook/js/outputarea': { OutputArea: { prototype: { register_mime_type() {} } } },
  };
  let naming = [];

  window.Jupyter = Jupyter;
  window.requirejs = (names, then) => then?.(...names.map((name) => modules[name]));
  window.requirejs.config = () => undefined;
  window.define = (needs, make) => {
    const exported = {};
    const own = { exports: exported, module: { uri: document.baseURI, exports: exported } };
    const made = make(...needs.map((name) => own[name] ?? modules[name])) ?? exported;
    for (const name of naming) modules[name] = made;
  };
  window.define.amd = true;

  class Manager {
    models = new Map();

    get_model(id) {
      return this.models.get(id);
    }

    has_model(id) {
      return this.models.has(id);
    }

    async loadClass(name, module) {
      const found = modules[module]?.[name];
      if (found === undefined) throw new Error(`The widget ${name} of ${module} is not in this file.`);
      return found;
    }

    async create_view(model, options = {}) {
      const View = await this.loadClass(model.get('_view_name'), model.get('_view_module'));
      const view = new View({ model, options });
      view.listenTo(model, 'destroy', view.remove);
      await view.render();
      return view;
    }

    callbacks() {
      return {};
    }

    async resolveUrl(url) {
      return url;
    }

    inline_sanitize(text) {
      return text;
    }

    async restore(state) {
      // Widgets name each other: all are promised before the first is made.
      for (const [id, saved] of Object.entries(state)) this.models.set(id, this.make(id, saved));
      await Promise.all(this.models.values());
    }

    async make(id, { model_name, model_module, state, buffers = [] }) {
      await Promise.resolve();
      for (const { path, data } of buffers) {
        const last = path.length - 1;
        path.slice(0, last).reduce((at, key) => at[key], state)[path[last]] =
          new DataView(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer);
      }
      const Model = await this.loadClass(model_name, model_module);
      const attributes = await Model._deserialize_state(state, this);
      const model = new Model(attributes, { model_id: id, widget_manager: this });
      model.name = model_name;
      model.module = model_module;
      return model;
    }
  }

  window.synaptarium = {
    next: (...names) => { naming = names; },
    /** Draws a widget into an element; `ready` resolves when it is there. */
    draw(state, id, element) {
      this.ready = modules['@jupyter-widgets/base'].load_ipython_extension().then(async () => {
        const manager = new Manager();
        await manager.restore(state);
        const view = await manager.create_view(await manager.get_model(id));
        const widget = view.luminoWidget ?? view.pWidget;
        widget.processMessage({ type: 'before-attach', isConflatable: false });
        element.replaceChildren(widget.node);
        widget.processMessage({ type: 'after-attach', isConflatable: false });
        this.manager = manager;
      });
      this.ready.catch((error) => { element.textContent = `This view cannot be drawn: ${error.message}`; });
    },
  };
})();
