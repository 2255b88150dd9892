---
# Source: harbour/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: {release}-harbour
  namespace: prod
spec:
  ports:
    - {port: 8080, targetPort: http}
