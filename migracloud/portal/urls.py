"""The portal's addresses: a tenant's name stands in each, so that a link can be sent to a colleague.

Decides: the addresses. Not: who may open them (access.py); what is new here has to go into tests/house/routes.py.
"""

from django.urls import path

from migracloud.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("<slug:reference>/", views.tenant_home, name="tenant"),
    path("<slug:reference>/pods/", views.pods, name="pods"),
    path("<slug:reference>/pods/<uuid:pk>/", views.pod, name="pod"),
    path("<slug:reference>/addresses/", views.addresses, name="addresses"),
    path("<slug:reference>/operations/", views.operations, name="operations"),
    path("<slug:reference>/operations/<uuid:pk>/", views.operation, name="operation"),
]
