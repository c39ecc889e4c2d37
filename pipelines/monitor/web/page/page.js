"use strict";

async function show() {
  const answer = await fetch("/api/v1/streams");
  const list = document.getElementById("streams");
  const lines = answer.ok ? (await answer.json()).items : [];
  list.replaceChildren(...lines.map((stream) => {
    const line = document.createElement("li");
    line.textContent = `${stream.name}: ${stream.state}, ${stream.verdict}`;
    return line;
  }));
}

show();
setInterval(show, 2000);
