# Build stage: the same words as on any Debian 12. The list of packages lives in the Makefile alone.
FROM docker.io/library/debian:12-slim AS build
RUN apt-get update -q && apt-get install -q -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
RUN make deps && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build && strip -o /sluice build/release/sluice
# The packages of the shared libraries that the program really loads; what the base already has is not named by dpkg here.
RUN ldd /sluice | awk '$3 ~ /^\// {print $3}' | xargs -n1 readlink -f | xargs -n1 dpkg -S 2>/dev/null | cut -d: -f1 | sort -u > /packages

# Runs with any uid (docker run --user), so the volume is everybody's inside; a read-only root and no capabilities are enough.
FROM docker.io/library/debian:12-slim
COPY --from=build /packages /packages
RUN apt-get update -q && xargs apt-get install -q -y --no-install-recommends < /packages \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /packages \
 && mkdir -m 0777 /data
COPY --from=build /sluice /usr/local/bin/sluice
RUN sluice version
USER 10001:10001
VOLUME /data
ENV SLUICE_KINESIS=0.0.0.0:4567 SLUICE_KAFKA=0.0.0.0:9092 SLUICE_CONTROL=0.0.0.0:7070 SLUICE_DATA=/data
EXPOSE 4567 9092 7070
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=2s --timeout=2s --start-period=1s CMD ["sluice", "health"]
ENTRYPOINT ["sluice"]
CMD ["serve"]
