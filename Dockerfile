# Pilotlight in a container. It needs the host's network: docker run --network host, or compose.yaml beside this file.

# What npm installs. Debian's own Node is old and only runs npm; Pilotlight runs on the one that package.json pins.
FROM debian:bookworm-slim AS modules
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libatomic1 npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/pilotlight
COPY package.json package-lock.json ./
# The pinned Node stands in node_modules/node/bin; the package that it was linked from holds it a second time.
RUN npm ci --omit=dev --no-audit --no-fund \
    && rm -rf node_modules/node/node_modules

FROM debian:bookworm-slim
# ipxe: undionly.kpxe and snponly.efi, the first boot programs. libatomic1: the pinned Node is linked to it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ipxe libatomic1 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/pilotlight
COPY --from=modules /opt/pilotlight/node_modules node_modules
COPY LICENSE package.json ./
COPY bin bin
COPY src src
ENV PATH=/opt/pilotlight/bin:$PATH

# The site: pilotlight.yaml (optional), profiles, machines, tftpboot, state. Mount each of them, or the whole folder.
# No VOLUME is declared: an anonymous one would hide the same folder of a site that is mounted whole.
WORKDIR /srv/pilotlight
COPY profiles profiles
COPY tftpboot tftpboot

STOPSIGNAL SIGTERM
# The port is the one that ./pilotlight.yaml names, also while the file has an error and the server keeps the last good one.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 \
    CMD ["/opt/pilotlight/node_modules/node/bin/node", "--eval", "\
        const { existsSync, readFileSync } = require('node:fs'); \
        const { parseDocument } = require('/opt/pilotlight/node_modules/yaml'); \
        const text = existsSync('pilotlight.yaml') ? readFileSync('pilotlight.yaml', 'utf8') : ''; \
        const port = parseDocument(text).getIn(['http', 'port']) ?? 8080; \
        fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1));"]
ENTRYPOINT ["pilotlight"]
CMD ["serve"]
