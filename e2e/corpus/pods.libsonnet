// Pods as small as `restricted` lets them be: what is not written, the server fills in.
{
  // A container that waits until it is told to end.
  pause(name='pause'):: {
    name: name,
    image: 'windlass.local/pause:1',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  },

  // A container with a shell. It is nobody.
  busybox(params, script, name='busybox'):: $.pause(name) + {
    image: params.third_party.busybox,
    command: ['sh', '-c', script],
    securityContext+: { runAsUser: 65532 },
  },

  // A spec around containers.
  spec(containers=[$.pause()]):: {
    containers: containers,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    // Nothing here needs time to say good-bye.
    terminationGracePeriodSeconds: 0,
  },

  // A template of pods that are found by one label.
  template(app, spec=$.spec()):: {
    metadata: { labels: { app: app } },
    spec: spec,
  },

  // Selector and template of a workload whose name is `app`.
  of(app, spec=$.spec()):: {
    selector: { matchLabels: { app: app } },
    template: $.template(app, spec),
  },
}
