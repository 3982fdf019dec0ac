# The course in JupyterLab, for one learner.
#   docker build -t cnn-course . && docker run --rm -p 8888:8888 -v cnn-data:/home/learner/data cnn-course
# The address to open, with its token, is in the output. The volume keeps downloads; notebooks go with the container.
FROM python:3.13-slim

# Folders that the learner owns, before anything is copied or mounted there: Docker would make them root's.
RUN useradd --create-home --uid 1000 learner \
    && install --directory --owner=learner --group=learner /opt/venv /home/learner/course /home/learner/data

# By its number, which a cluster can check for "not root".
USER 1000
WORKDIR /home/learner/course
ENV PATH=/opt/venv/bin:$PATH COURSE_DATA=/home/learner/data PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# The pins by themselves: an edited lesson does not install PyTorch again.
COPY --chown=learner:learner requirements.txt ./
RUN python -m venv /opt/venv && pip install -r requirements.txt

COPY --chown=learner:learner . .
RUN pip install --no-deps --no-build-isolation -e .

EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8888/api', timeout=4)"]
# JupyterLab itself, not `course lab`: the signal to stop goes to the first process.
CMD ["python", "-m", "jupyterlab", "lessons/workbook/00_start_here.ipynb", "--no-browser", "--ip=0.0.0.0", "--port=8888"]
